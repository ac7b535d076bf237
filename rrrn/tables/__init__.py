"""What stands in a result table: its cells, what scores without looking, the paper's values, and the ranking."""
