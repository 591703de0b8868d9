"""A virtual classroom of machines that really PXE-boot. Imports `bootpair`, `initrd`, `pxe`, `kernel_cmdline`; never
`launcher`."""
