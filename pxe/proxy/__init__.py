"""Beside a DHCP server of somebody else (proxy DHCP): what dnsmasq cannot do there, and what loaders cannot."""
