"""Programs of others that decode the same files: what they make of the stored values, to be compared with ours."""
