"""The built-in masks and sunglasses, drawn from tables at any resolution."""
