using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace Graft.Training.Tests.Checkpoints;

public sealed class TrainerStateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_is_written_as_Python_writes_it()
    {
        var state = new TrainerState { GlobalStep = 3, Epoch = 1, MaxSteps = 3, NumTrainEpochs = 1, LoggingSteps = 1, EvalSteps = 500, SaveSteps = 2, TrainBatchSize = 8, TotalFlos = 6811776, ShouldTrainingStop = true };
        state.LogHistory.Add(new LogRow(new Dictionary<string, double> { ["loss"] = 1e-5, ["step"] = 3, ["epoch"] = 1, ["grad_norm"] = 1e20 }));

        Assert.Equal(
            """
            {
              "best_global_step": null,
              "best_metric": null,
              "best_model_checkpoint": null,
              "epoch": 1.0,
              "eval_steps": 500,
              "global_step": 3,
              "is_hyper_param_search": false,
              "is_local_process_zero": true,
              "is_world_process_zero": true,
              "log_history": [
                {
                  "epoch": 1.0,
                  "grad_norm": 1e+20,
                  "loss": 1e-05,
                  "step": 3
                }
              ],
              "logging_steps": 1,
              "max_steps": 3,
              "num_input_tokens_seen": 0,
              "num_train_epochs": 1,
              "save_steps": 2,
              "stateful_callbacks": {
                "TrainerControl": {
                  "args": {
                    "should_epoch_stop": false,
                    "should_evaluate": false,
                    "should_log": false,
                    "should_save": true,
                    "should_training_stop": true
                  },
                  "attributes": {}
                }
              },
              "total_flos": 6811776.0,
              "train_batch_size": 8,
              "trial_name": null,
              "trial_params": null
            }

            """.ReplaceLineEndings("\n"),
            state.ToJson());
    }

    [Fact]
    public void Whatever_it_holds_comes_back_bit_for_bit()
    {
        Gen<double> numbers = ArbMap.Default.GeneratorFor<double>();
        Gen<TrainerState> states = from step in Gen.Choose(0, int.MaxValue)
                                   from epoch in numbers.Where(double.IsFinite)
                                   from best in numbers.Where(double.IsFinite)
                                   from hasBest in Gen.Elements(true, false)
                                   from patience in Gen.Choose(0, 5)
                                   from losses in Gen.ArrayOf(numbers)
                                   from tokens in Gen.Choose(0, int.MaxValue)
                                   select Make(step, epoch, hasBest ? best : null, patience, losses, tokens);
        string path = _folder.Of(TrainerState.FileName);
        Prop.ForAll(states.ToArbitrary(), state =>
        {
            File.WriteAllText(path, state.ToJson());
            TrainerState read = TrainerState.Load(path);

            Assert.Equal(state.ToJson(), read.ToJson());
            Assert.Equal(state.BestMetric, read.BestMetric);
            Assert.Equal(state.LogHistory.Select(row => row["loss"]), read.LogHistory.Select(row => double.IsNaN(row["loss"]!.Value) ? double.NaN : row["loss"]));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"global_step": "three"}""")]
    [InlineData("""{"global_step": 1, "epoch": 1.0, "max_steps": 3, "num_train_epochs": 1, "log_history": [{"loss": "low"}]}""")]
    [InlineData("""{"global_step": 1, "epoch": 1.0, "max_steps": 3, "num_train_epochs": 1, "log_history": [], "stateful_callbacks": {"EarlyStoppingCallback": {"args": {"early_stopping_patience": 0, "early_stopping_threshold": 0}}}}""")]
    public void What_is_no_state_is_refused(string text)
    {
        string path = _folder.Of(TrainerState.FileName);
        File.WriteAllText(path, text);

        Assert.Contains(path, Assert.Throws<InvalidDataException>(() => TrainerState.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_of_the_log_is_one_line_of_JSON()
    {
        var row = new LogRow(new Dictionary<string, double> { ["step"] = 12, ["loss"] = double.NaN, ["epoch"] = 0.5 });

        Assert.Equal("""{"epoch": 0.5, "loss": null, "step": 12}""", row.ToJsonLine());
        using JsonDocument document = JsonDocument.Parse(row.ToJsonLine());
        Assert.True(double.IsNaN(LogRow.Read(document.RootElement)["loss"]!.Value));
        Assert.Null(row["grad_norm"]);
    }

    private static TrainerState Make(int step, double epoch, double? best, int patience, double[] losses, int tokens)
    {
        var state = new TrainerState
        {
            GlobalStep = step,
            Epoch = epoch,
            BestMetric = best,
            BestGlobalStep = best is null ? null : step / 2,
            BestModelCheckpoint = best is null ? null : "out/checkpoint-\"ü\"",
            NumInputTokensSeen = tokens,
            EarlyStopping = patience == 0 ? null : new EarlyStopping(patience, 0.25) { PatienceCounter = patience - 1 },
        };
        foreach (double loss in losses)
        {
            // Infinity becomes NaN on the way: JSON has neither.
            state.LogHistory.Add(new LogRow(new Dictionary<string, double> { ["loss"] = double.IsFinite(loss) ? loss : double.NaN, ["step"] = step }));
        }

        return state;
    }
}
