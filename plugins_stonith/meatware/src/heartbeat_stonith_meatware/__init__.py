"""STONITH by a person: asks the operator to switch a node off."""
