"""Link, address and DHCP of a card, and the page that is told the result."""
