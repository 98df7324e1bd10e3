using Graft.Cli.Folders;
using Graft.Models;
using Graft.Peft;
using Graft.Text;
using Graft.Training;
using Graft.Training.Data;

namespace Graft.Cli.Configuration;

/// <summary>Everything a run needs, loaded and checked: model, adapter, tokenizer, data. Nothing has been written yet.</summary>
internal sealed class PreparedRun : IDisposable
{
    private PreparedRun(RunConfiguration configuration, PeftModel model, Tokenizer tokenizer, RunData data)
    {
        Configuration = configuration;
        Model = model;
        Tokenizer = tokenizer;
        Data = data;
        Arguments = configuration.ToTrainingArguments();
        Batches = data.CreateBatches(configuration);
        Steps = new StepPlan(Batches, Arguments);
    }

    /// <summary>What the run is.</summary>
    public RunConfiguration Configuration { get; }

    /// <summary>How it trains.</summary>
    public TrainingArguments Arguments { get; }

    /// <summary>The model, with its adapter.</summary>
    public PeftModel Model { get; }

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The samples.</summary>
    public RunData Data { get; }

    /// <summary>The order of the samples.</summary>
    public IBatchPlan Batches { get; }

    /// <summary>Step arithmetic.</summary>
    public StepPlan Steps { get; }

    /// <summary>Loads and checks.</summary>
    /// <param name="configuration">What the run is.</param>
    /// <param name="cancellationToken">Stops between the parts.</param>
    public static PreparedRun Prepare(RunConfiguration configuration, CancellationToken cancellationToken)
    {
        configuration.ToTrainingArguments();
        PeftModel model = LoadModel(configuration);
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            Tokenizer tokenizer = LoadTokenizer(configuration);
            RunData data = RunData.Load(configuration, tokenizer, model.Base.Config);
            cancellationToken.ThrowIfCancellationRequested();
            AddAdapter(configuration, model);
            return new PreparedRun(configuration, model, tokenizer, data);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The same parts, by the configuration as it is now: batch sizes and what is recomputed may have changed.</summary>
    public PreparedRun Again() => new(Configuration, Model, Tokenizer, Data);

    /// <summary>The base model, without adapters. One in 8 or 4 bits is made ready for an adapter, as PEFT's <c>prepare_model_for_kbit_training</c> does.</summary>
    public static PeftModel LoadModel(RunConfiguration configuration)
    {
        QuantizationConfig? quantization = configuration.ToQuantizationConfig();
        if (quantization is not null && configuration.Method == TrainingMethod.Full)
        {
            throw new ArgumentException($"method: full and load_in_{(quantization.LoadIn4Bit ? 4 : 8)}bit exclude each other: quantised weights cannot be trained themselves; train an adapter, or load the model as it is");
        }

        LanguageModel model = LanguageModel.Load(ExistingModelPath(configuration), quantization);
        try
        {
            if (model.Quantization is not null && configuration.Method != TrainingMethod.Full)
            {
                KbitTraining.Prepare(model);
                if (!configuration.IsGiven(TrainingKeys.GradientCheckpointing))
                {
                    configuration.Set(TrainingKeys.GradientCheckpointing, true);
                }
            }

            return new PeftModel(model);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The model's folder or GGUF file.</summary>
    /// <exception cref="IOException">There is none.</exception>
    public static string ExistingModelPath(RunConfiguration configuration) => ModelPath.Require(configuration.ModelFolder, ModelKeys.Model.Name);

    /// <summary>The tokenizer, from its own folder or the model's.</summary>
    public static Tokenizer LoadTokenizer(RunConfiguration configuration) => ModelPath.LoadTokenizer(configuration.Get(ModelKeys.Tokenizer) ?? configuration.ModelFolder);

    /// <summary>Adds the new adapter, or loads the one to train further.</summary>
    public static void AddAdapter(RunConfiguration configuration, PeftModel model)
    {
        string? existing = configuration.Get(ModelKeys.Adapter);
        AdapterConfig? config = configuration.ToAdapterConfig();
        if (existing is not null)
        {
            if (config is null)
            {
                throw new ArgumentException("adapter_name_or_path and method: full exclude each other: merge the adapter first");
            }

            model.LoadAdapter(existing, trainable: true);
        }
        else if (config is not null)
        {
            model.AddAdapter(config with { TaskType = TaskOf(configuration, model.Base) }, seed: configuration.Get(TrainingKeys.Seed));
        }
    }

    /// <summary>PEFT's name of what a model does, which the user may have given too.</summary>
    private static string TaskOf(RunConfiguration configuration, LanguageModel model)
    {
        TaskType task = model is Seq2SeqLanguageModel ? TaskType.Seq2SeqLm : TaskType.CausalLm;
        string name = task == TaskType.Seq2SeqLm ? "SEQ_2_SEQ_LM" : "CAUSAL_LM";
        return (configuration.Get(AdapterKeys.TaskType) ?? task) == task
            ? name
            : throw new ArgumentException($"task_type does not fit the model: {model.Config.ModelType} is for {name}");
    }

    /// <summary>The trainer: from here on, the memory of gradients and optimizer is taken.</summary>
    public Trainer CreateTrainer() => new(Model, Data.Samples, Arguments, Data.EvalSamples, Batches) { SaveTokenizer = Tokenizer.Save };

    /// <summary>Writes the trained adapter, or the whole model, with the tokenizer into the output folder.</summary>
    public void Save()
    {
        string folder = Configuration.OutputDir;
        if (Model.AdapterNames.Count > 0)
        {
            Model.SaveAdapter(folder);
        }
        else
        {
            Model.SaveModel(folder);
        }

        Tokenizer.Save(folder);
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}
