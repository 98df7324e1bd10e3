using Graft.Peft;
using Graft.Tensors;
using Graft.Training.Data;

namespace Graft.Training.Tests.Evaluation;

public sealed class EvaluatorTests
{
    [Fact]
    public void The_token_loss_is_exact_whatever_the_batches()
    {
        using PeftModel model = TinyRuns.Model();
        using var tape = new Tape();
        var evaluator = new Evaluator(model.Base, tape);
        TokenizedSample[] samples = TinyRuns.Samples(13);
        EvaluationResult[] alone = [.. samples.Select(sample => evaluator.Run([sample], 1))];
        double expected = alone.Sum(result => result.TokenLoss * result.Tokens) / alone.Sum(result => result.Tokens);
        foreach (int batchSize in new[] { 1, 4, 13, 50 })
        {
            EvaluationResult result = evaluator.Run(samples, batchSize);

            Assert.Equal(expected, result.TokenLoss, 1e-6);
            Assert.Equal(samples.Sum(sample => sample.TrainableTokens), result.Tokens);
            Assert.Equal(Math.Exp(result.TokenLoss), result.Perplexity, 1e-9);
            Assert.Equal((13 + batchSize - 1) / batchSize, result.Batches);
        }
    }

    [Fact]
    public void Eval_loss_weighs_batches_by_their_rows()
    {
        using PeftModel model = TinyRuns.Model();
        using var tape = new Tape();
        var evaluator = new Evaluator(model.Base, tape);
        TokenizedSample[] samples = TinyRuns.Samples(5);
        double first = evaluator.Run(samples[..3], 3).TokenLoss;
        double second = evaluator.Run(samples[3..], 3).TokenLoss;

        Assert.Equal(((3 * first) + (2 * second)) / 5, evaluator.Run(samples, 3).EvalLoss, 1e-9);
    }

    [Fact]
    public void Batches_without_a_label_do_not_count()
    {
        using PeftModel model = TinyRuns.Model();
        using var tape = new Tape();
        var evaluator = new Evaluator(model.Base, tape);
        TokenizedSample silent = new([1, 2, 3], [1, TokenizedSample.Ignored, TokenizedSample.Ignored], new RowSource("a", 1));
        TokenizedSample sample = TinyRuns.Samples(1)[0];

        Assert.Equal(evaluator.Run([sample], 1).EvalLoss, evaluator.Run([sample, silent], 1).EvalLoss);
        Assert.True(double.IsNaN(evaluator.Run([silent], 1).EvalLoss));
        Assert.True(double.IsNaN(evaluator.Run([silent], 1).TokenLoss));
    }

    [Fact]
    public void It_stops_between_batches()
    {
        using PeftModel model = TinyRuns.Model();
        using var tape = new Tape();
        using var source = new CancellationTokenSource();
        source.Cancel();

        Assert.Throws<OperationCanceledException>(() => new Evaluator(model.Base, tape).Run(TinyRuns.Samples(2), 1, cancellationToken: source.Token));
    }

    [Fact]
    public void An_observer_hears_of_evaluations_before_and_while_training()
    {
        using var folder = new TemporaryFolder();
        var recorder = new StepRecorder();
        TrainingArguments arguments = Runs.Arguments(folder.Path) with { EvalOnStart = true, EvalStrategy = IntervalStrategy.Steps, EvalSteps = 2, EvalDelay = 3, SaveStrategy = IntervalStrategy.No };
        Runs.Train(arguments, TinyRuns.Samples(11), observer: recorder, evalSamples: TinyRuns.Samples(4, seed: 2));

        Assert.Equal([0, 4, 6], recorder.Rows.Where(row => row["eval_loss"] is not null).Select(row => row.Step));
        Assert.Equal(recorder.Rows.Select(row => row["eval_loss"]).OfType<double>(), recorder.Evaluations.Select(result => result.EvalLoss));
        Assert.All(recorder.Evaluations, result => Assert.True(double.IsFinite(result.TokenLoss) && result.Samples == 4));
    }
}
