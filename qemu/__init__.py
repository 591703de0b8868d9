"""A virtual classroom of machines that really PXE-boot. Imports `initrd`, `pxe`, `kernel_cmdline`; never
`launcher`."""
