"""Messages between programs: streams, causal past, one total order, and how they go from one view to the next."""
