"""From a request to a picture: plan, table, colour, resampling, execution."""
