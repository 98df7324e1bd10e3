namespace Graft.Tensors.Kernels;

/// <summary>Work that is compiled for each storage format of a weight.</summary>
internal interface IWeightFormatJob
{
    /// <summary>Does it.</summary>
    /// <typeparam name="TDecoder">The format, decoded to fp32.</typeparam>
    /// <typeparam name="TPairs">The format, rounded to bf16.</typeparam>
    void Run<TDecoder, TPairs>()
        where TDecoder : struct, IPanelDecoder
        where TPairs : struct, IPairDecoder;
}

/// <summary>The one place where kernels that pack weights are chosen by what a weight is stored as.</summary>
internal static class WeightFormat
{
    /// <summary>Runs a job with the format of a weight.</summary>
    /// <typeparam name="TJob">The job's struct.</typeparam>
    /// <param name="weight">The weight.</param>
    /// <param name="job">The job.</param>
    /// <exception cref="NotSupportedException">It is stored in a format that kernels do not read.</exception>
    public static void Choose<TJob>(in WeightView weight, ref TJob job)
        where TJob : struct, IWeightFormatJob
    {
        if (weight.Quantized is not null)
        {
            job.Run<QuantizedDecoder, RoundedPairs<QuantizedDecoder>>();
            return;
        }

        switch (weight.DType)
        {
            case DType.Float32: job.Run<SingleDecoder, RoundedPairs<SingleDecoder>>(); break;
            case DType.BFloat16: job.Run<HalfWidthDecoder<BFloat16Format>, BFloat16Pairs>(); break;
            case DType.Float16: job.Run<HalfWidthDecoder<Float16Format>, RoundedPairs<HalfWidthDecoder<Float16Format>>>(); break;
            default: throw WeightDecoder.Unsupported(weight);
        }
    }
}
