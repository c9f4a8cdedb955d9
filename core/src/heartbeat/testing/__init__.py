"""The conformance kit: what every plugin passes, ours and a vendor's. For tests only; needs pytest.

A plugin's test subclasses one class and says what it tests::

    class TestAcme(StonithConformance):
        plugin = AcmePdu
        simulator = FakeAcme

`AuthConformance` is in ``heartbeat.testing.auth``, `StonithConformance` in ``.stonith``, `CommConformance` in
``.comm``, `AgentConformance` in ``.ra``, `HooksConformance`, `CatalogueConformance` and `QuorumConformance` in
``.hooks``, ``.catalogue`` and ``.quorum``. What is installed is judged without any sources by
``pytest --pyargs heartbeat.testing --hb-plugin stonith:acme-pdu``.
"""
