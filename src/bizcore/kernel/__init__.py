"""Values everything is made of: money, quantity, dates, parties, explanations, tables, errors."""
