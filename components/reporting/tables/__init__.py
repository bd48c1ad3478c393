"""Tables: one model, a file for each kind of table, and what renders them."""
