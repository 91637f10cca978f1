"""How everybody writes ratings; the actor and the moment come last."""
