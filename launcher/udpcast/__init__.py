"""All that is known of udp-sender and udp-receiver, pure: their options, their command lines, their messages."""
