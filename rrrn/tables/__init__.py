"""What stands in a result table: its cells, what scores without looking, and the paper's printed values."""
