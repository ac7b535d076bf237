"""What stands in a result table: cells, scores without skill, the paper's values, comparisons, ranking, and layout."""
