"""What stands between the server and the shop: bounds of a request, and who is answered first."""
