"""What operators need: what stands in the way of serving, what is stuck, and the start itself."""
