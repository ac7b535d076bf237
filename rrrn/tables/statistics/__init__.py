"""How sure is a number? Intervals over subjects, tests of differences, and rank correlation; arrays in, arrays out."""
