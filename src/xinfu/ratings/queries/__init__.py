"""How everybody reads ratings; the actor comes first."""
