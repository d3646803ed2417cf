"""New sequences from a trained network: drawn token by token, or gaps filled; and how new they are."""
