"""馨服 Xinfu: the program a county government-services office runs itself on."""
