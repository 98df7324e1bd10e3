using Graft.Formats;
using Graft.Peft;
using Graft.Training.Data;

namespace Graft.Training.Tests.Checkpoints;

public sealed class CheckpointDamageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private TrainingArguments Arguments => Runs.Arguments(_folder.Path) with { SaveSteps = 2 };

    private TrainingArguments Again => Arguments with { ResumeFromCheckpoint = "true" };

    [Theory]
    [InlineData("optimizer.safetensors")]
    [InlineData("trainer_state.json")]
    [InlineData("graft_run.json")]
    public void A_truncated_file_is_named(string name)
    {
        Runs.Train(Arguments, TinyRuns.Samples(9));
        string path = _folder.Of("checkpoint-6", name);
        byte[] bytes = File.ReadAllBytes(path);
        foreach (int length in new[] { 0, 1, bytes.Length / 2, bytes.Length - 3 })
        {
            File.WriteAllBytes(path, bytes[..length]);
            InvalidDataException e = Assert.Throws<InvalidDataException>(() => Runs.Train(Again, TinyRuns.Samples(9)));

            Assert.Contains(path, e.Message, StringComparison.Ordinal);
            Assert.Contains("damaged", e.Message, StringComparison.Ordinal);
            Assert.Contains("older checkpoint", e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("optimizer.safetensors")]
    [InlineData("trainer_state.json")]
    public void A_single_changed_byte_is_noticed(string name)
    {
        Runs.Train(Arguments, TinyRuns.Samples(9));
        string path = _folder.Of("checkpoint-6", name);
        byte[] bytes = File.ReadAllBytes(path);
        for (int i = 0; i < bytes.Length; i += 1 + (bytes.Length / 7))
        {
            byte[] changed = [.. bytes];
            changed[i] ^= 0x10;
            File.WriteAllBytes(path, changed);
            InvalidDataException e = Assert.Throws<InvalidDataException>(() => Runs.Train(Again, TinyRuns.Samples(9)));

            Assert.Contains($"{name} is damaged", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        Runs.Train(Arguments, TinyRuns.Samples(9));
        File.Delete(_folder.Of("checkpoint-6", "optimizer.safetensors"));
        Assert.Contains("optimizer.safetensors is missing", Assert.Throws<InvalidDataException>(() => Runs.Train(Again, TinyRuns.Samples(9))).Message, StringComparison.Ordinal);

        File.Delete(_folder.Of("checkpoint-4", "graft_run.json"));
        TrainingArguments fourth = Arguments with { ResumeFromCheckpoint = _folder.Of("checkpoint-4") };
        Assert.Contains("graft_run.json is missing", Assert.Throws<FileNotFoundException>(() => Runs.Train(fourth, TinyRuns.Samples(9))).Message, StringComparison.Ordinal);

        TrainingArguments nowhere = Arguments with { ResumeFromCheckpoint = _folder.Of("checkpoint-5") };
        Assert.Contains("checkpoint-5", Assert.Throws<DirectoryNotFoundException>(() => Runs.Train(nowhere, TinyRuns.Samples(9))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_run_is_told_what_differs()
    {
        Runs.Train(Arguments, TinyRuns.Samples(9));
        void Refused(string says, TrainingArguments arguments, Func<PeftModel>? create = null, TokenizedSample[]? samples = null)
        {
            InvalidDataException e = Assert.Throws<InvalidDataException>(() => Runs.Train(arguments, samples ?? TinyRuns.Samples(9), create));
            Assert.Contains("belongs to another run", e.Message, StringComparison.Ordinal);
            Assert.Contains(says, e.Message, StringComparison.Ordinal);
        }

        Refused("learning_rate was 0.01, now it is 0.02", Again with { LearningRate = 0.02 });
        Refused("gradient_accumulation_steps was 2, now it is 1", Again with { GradientAccumulationSteps = 1 });
        Refused("max_steps was 6, now it is 10", Again with { NumTrainEpochs = 5 });
        Refused("seed was 42, now it is 43", Again with { Seed = 43 });
        Refused("warmup was 2 steps, now it is ratio 0.5", Again with { WarmupSteps = 0, WarmupRatio = 0.5 });
        Refused("the training samples differ", Again, samples: TinyRuns.Samples(9, seed: 1));
        Refused("another order or in other batches", Again with { Shuffle = false });
        Refused("the model is another one", Again, () => TinyRuns.Model("gpt2", loraDropout: 0.2));
        Refused("the base model's weights are others", Again, () => TinyRuns.Model(loraDropout: 0.2, seed: 2));
        Refused("lora_A", Again, () => TinyRuns.Model(loraDropout: 0.2, r: 8));
        Refused("this run trains", Again, () => TinyRuns.Model(adapter: false));
    }

    [Fact]
    public void What_does_not_change_the_numbers_may_change()
    {
        TrainingArguments straight = Arguments with { OutputDir = _folder.Of("straight"), LrSchedulerType = "constant" };
        float[] expected = Runs.Train(straight with { NumTrainEpochs = 4 }, TinyRuns.Samples(9));
        TrainingArguments shorter = straight with { OutputDir = _folder.Of("resumed") };
        Runs.Train(shorter, TinyRuns.Samples(9));

        Runs.SameBits(expected, Runs.Train(shorter with { ResumeFromCheckpoint = "true", NumTrainEpochs = 4, LoggingSteps = 3, SaveSteps = 5, GradientCheckpointing = true }, TinyRuns.Samples(9)));
    }

    [Fact]
    public void A_full_disk_leaves_no_half_of_a_checkpoint()
    {
        TrainingArguments straight = Arguments with { OutputDir = _folder.Of("straight") };
        float[] expected = Runs.Train(straight, TinyRuns.Samples(9));
        long[] sizes = [.. Directory.GetFiles(_folder.Of("straight", "checkpoint-6")).Select(file => new FileInfo(file).Length)];
        int number = 0;
        for (long room = 1; room < (2 * sizes.Sum()) + 10; room += sizes.Sum() / 5)
        {
            TrainingArguments arguments = Arguments with { OutputDir = _folder.Of($"full-{++number}") };
            var disk = new Disk(room);
            using (AtomicFile.Interpose(disk.Open))
            {
                IOException e = Assert.Throws<IOException>(() => Runs.Train(arguments, TinyRuns.Samples(9)));
                Assert.Contains("could not be written", e.Message, StringComparison.Ordinal);
            }

            Assert.All(Directory.GetDirectories(arguments.OutputDir), folder => Assert.Contains(Path.GetFileName(folder), new[] { "checkpoint-2", "checkpoint-4" }));
            Runs.SameBits(expected, Runs.Train(arguments with { ResumeFromCheckpoint = "true" }, TinyRuns.Samples(9)));
        }
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_refused_before_the_first_step()
    {
        File.WriteAllText(_folder.Of("file"), "in the way");
        var recorder = new StepRecorder();
        IOException e = Assert.Throws<IOException>(() => Runs.Train(Arguments with { OutputDir = _folder.Of("file") }, TinyRuns.Samples(9), observer: recorder));

        Assert.Contains("output_dir", e.Message, StringComparison.Ordinal);
        Assert.Empty(recorder.Steps);
        Assert.Equal("in the way", File.ReadAllText(_folder.Of("file")));
    }

    [Fact]
    public void Runs_do_not_mix_in_one_folder()
    {
        Runs.Train(Arguments, TinyRuns.Samples(9));
        ArgumentException e = Assert.Throws<ArgumentException>(() => Runs.Train(Arguments, TinyRuns.Samples(9)));
        Assert.Contains("the last at step 6", e.Message, StringComparison.Ordinal);
        Assert.Contains("overwrite_output_dir", e.Message, StringComparison.Ordinal);
        Assert.Equal(3, Directory.GetDirectories(_folder.Path).Length);

        Runs.Train(Arguments with { OverwriteOutputDir = true, SaveSteps = 4 }, TinyRuns.Samples(9));
        Assert.Equal(["checkpoint-4", "checkpoint-6"], Directory.GetDirectories(_folder.Path).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal));
    }

    /// <summary>A disk with room for so many bytes in all files together.</summary>
    private sealed class Disk(long room)
    {
        private long _left = room;

        public Stream Open(Stream file) => new LimitedStream(file, this);

        private sealed class LimitedStream(Stream inner, Disk disk) : Stream
        {
            public override bool CanRead => false;

            public override bool CanSeek => false;

            public override bool CanWrite => true;

            public override long Length => inner.Length;

            public override long Position { get => inner.Position; set => throw new NotSupportedException(); }

            public override void Write(byte[] buffer, int offset, int count)
            {
                int fits = (int)Math.Min(count, disk._left);
                inner.Write(buffer, offset, fits);
                disk._left -= fits;
                if (fits < count)
                {
                    throw new IOException("No space left on device");
                }
            }

            public override void Flush() => inner.Flush();

            public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

            public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

            public override void SetLength(long value) => throw new NotSupportedException();
        }
    }
}
