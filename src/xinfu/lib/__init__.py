"""Pure Python, no Django: what a stranger needs to check us."""
