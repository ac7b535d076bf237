"""What is compared with what: configuration, methods, conditions of training, folds, seeds, and the metrics."""
