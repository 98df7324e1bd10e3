namespace Graft.Conformance.Runners;

/// <summary><c>tracker</c>: files of TensorBoard, MLflow and W&amp;B, read and written.</summary>
public sealed class TrackerRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "tracker";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        switch (@case.Root.GetProperty("tracker").GetString())
        {
            case "tensorboard": TensorBoardCase.Run(@case); break;
            case "mlflow": MlflowCase.Run(@case); break;
            case "wandb": WandbCase.Run(@case); break;
            case var other: throw new NotYetException($"tracker '{other}'");
        }
    }
}
