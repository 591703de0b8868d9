"""The boot server: dnsmasq and what watches over it, ports, addresses, firewall, and what each PC loads."""
