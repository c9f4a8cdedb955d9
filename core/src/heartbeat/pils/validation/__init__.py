"""Rules that a plugin's distribution keeps, a module per topic; each finding has a code, a place and an advice."""
