"""What things cost, each as a ratio to a named reference measured in the same run."""
