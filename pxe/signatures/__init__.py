"""What PCs with Secure Boot will refuse: signatures and generations (SBAT) of loaders and kernels."""
