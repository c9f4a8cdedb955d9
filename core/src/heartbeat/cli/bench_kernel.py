"""``hb bench kernel``: what one node's kernel takes for a heartbeat, in a simulated cluster of many."""

import statistics
import sys

import click

from heartbeat.cli import EXIT_NO

TARGET_US = 60.0
"""Median, for 32 nodes: a tenth of a processor's time at ten beats a second from each, over two links."""
SECONDS = 2.0
"""Virtual, of rest."""


@click.command()
@click.option("--nodes", type=click.IntRange(2, 32), default=16, show_default=True, metavar="N", help="Of the cluster.")
def kernel(nodes: int) -> None:
    """The time of one kernel's step for a new beat, warm, with no socket and no authentication around it.

    All nodes live in this one process and have to meet first: 16 take ten seconds, 32 some minutes. Exits with 1 when
    the median is above 60 us.
    """
    from heartbeat.sim.stopwatch import beat_steps

    click.echo(f"{nodes} nodes meet ...", err=True)
    took_us = sorted(took_s * 1e6 for took_s in beat_steps(nodes, SECONDS))
    median_us, p99_us = statistics.median(took_us), took_us[int(0.99 * (len(took_us) - 1))]
    verdict = "reached" if median_us <= TARGET_US else "missed"
    click.echo(
        f"a step for a beat, {nodes} nodes: median {median_us:.1f} us, p99 {p99_us:.1f}, max {took_us[-1]:.1f} "
        f"(n = {len(took_us)}); target {TARGET_US:g}: {verdict}"
    )
    if median_us > TARGET_US:
        sys.exit(EXIT_NO)
