"""STONITH for hb lab: switches a lab node really off through the control socket."""
