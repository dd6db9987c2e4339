"""The few links a business really has: two domains in, one change out; independent of each other."""
