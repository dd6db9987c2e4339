"""Sales force automation: prospects, deals in progress, quotes, and the orders that customers place."""
