"""The page of a preference study: its figures with plots, tables, and pairs with their images."""
