"""DHCP on the wire: who else is there, who may have an address, and all that stands before dnsmasq."""
