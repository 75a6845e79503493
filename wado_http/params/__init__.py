"""Parameters: from the octets of a query to typed values, or the reason why not."""
