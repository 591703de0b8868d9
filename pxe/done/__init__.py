"""Who is done: the page that is told, what is kept on disk, and which PCs boot their disks from then on."""
