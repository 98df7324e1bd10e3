// Tests resize the worker pool that all kernels share, and count what the whole process allocates.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
