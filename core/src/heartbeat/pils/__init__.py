"""Plugin and interface loading: what is announced, what loads, what does not and why."""
