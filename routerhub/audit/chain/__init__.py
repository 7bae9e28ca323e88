"""The chain: requests and changes sealed in the order in which they arrived, so that a removed or altered row shows."""
