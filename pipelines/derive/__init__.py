"""What follows of each pipeline from the schema and the operations' declarations."""
