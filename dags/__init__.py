"""When things happen. What happens is in the other folders."""
