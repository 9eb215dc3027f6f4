"""Other methods' renders: which there are, their videos, their scores."""
