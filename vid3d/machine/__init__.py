"""What is here and what runs take: GPUs, memory, disk, costs, and what is missing."""
