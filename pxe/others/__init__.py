"""DHCP servers of others: what their configuration needs, so that their PCs boot from a tree of ours."""
