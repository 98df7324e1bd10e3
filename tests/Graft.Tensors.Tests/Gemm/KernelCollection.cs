// Tests here set the instruction set and the size of the worker pool, which belong to the process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
