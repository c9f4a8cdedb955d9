"""For all tests: properties are looked for at random, and never judged by the time that an example takes."""

from hypothesis import HealthCheck, settings

settings.register_profile("steady", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
