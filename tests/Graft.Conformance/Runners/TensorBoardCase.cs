using System.Text.Json;
using System.Text.Json.Nodes;
using Graft.Training.Tracking;

namespace Graft.Conformance.Runners;

/// <summary>TensorBoard event files: they are read to the case's records, and the same records written again are the same bytes.</summary>
internal static class TensorBoardCase
{
    private static readonly ProtobufSchema Schema = new("""
        Event: double wall_time 1, int64 step 2, string file_version 3, bytes graph_def 4, Summary summary 5, SessionLog session_log 7, SourceMetadata source_metadata 10
        SourceMetadata: string writer 1
        SessionLog: SessionStatus status 1, string checkpoint_path 2, string msg 3
        enum SessionStatus: STATUS_UNSPECIFIED 0, START 1, STOP 2, CHECKPOINT 3
        Summary: Value[] value 1
        Value: string tag 1, float simple_value 2, Image image 4, Histogram histo 5, Audio audio 6, string node_name 7, Tensor tensor 8, Metadata metadata 9
        Image: int32 height 1, int32 width 2, int32 colorspace 3, bytes encoded_image_string 4
        Audio: float sample_rate 1, int64 num_channels 2, int64 length_frames 3, bytes encoded_audio_string 4, string content_type 5
        Histogram: double min 1, double max 2, double num 3, double sum 4, double sum_squares 5, double[] bucket_limit 6, double[] bucket 7
        Metadata: Plugin plugin_data 1, string display_name 2, string summary_description 3, DataClass data_class 4
        Plugin: string plugin_name 1, bytes content 2
        enum DataClass: DATA_CLASS_UNKNOWN 0, DATA_CLASS_SCALAR 1, DATA_CLASS_TENSOR 2, DATA_CLASS_BLOB_SEQUENCE 3
        Tensor: DType dtype 1, Shape tensor_shape 2, int32 version_number 3, bytes tensor_content 4, float[] float_val 5, double[] double_val 6, int32[] int_val 7, bytes[] string_val 8
        Tensor: int64[] int64_val 10, bool[] bool_val 11, int32[] half_val 13
        Shape: Dimension[] dim 2, bool unknown_rank 3
        Dimension: int64 size 1, string name 2
        enum DType: DT_INVALID 0, DT_FLOAT 1, DT_DOUBLE 2, DT_INT32 3, DT_UINT8 4, DT_INT16 5, DT_INT8 6, DT_STRING 7, DT_COMPLEX64 8, DT_INT64 9, DT_BOOL 10, DT_BFLOAT16 14, DT_HALF 19
        """);

    private static readonly string[] DTypes =
        ["DT_INVALID", "DT_FLOAT", "DT_DOUBLE", "DT_INT32", "DT_UINT8", "DT_INT16", "DT_INT8", "DT_STRING", "DT_COMPLEX64", "DT_INT64", "DT_BOOL", "", "", "", "DT_BFLOAT16", "", "", "", "", "DT_HALF"];

    private static readonly string[] DataClasses = ["DATA_CLASS_UNKNOWN", "DATA_CLASS_SCALAR", "DATA_CLASS_TENSOR", "DATA_CLASS_BLOB_SEQUENCE"];

    /// <summary>Compares every file.</summary>
    public static void Run(ConformanceCase @case)
    {
        foreach (JsonElement file in @case.Root.GetProperty("files").EnumerateArray())
        {
            string name = file.GetProperty("file").GetString()!;
            byte[] bytes = File.ReadAllBytes(@case.Resolve(name));
            IReadOnlyList<EventRecord> records = EventFraming.Read(bytes);
            JsonElement[] expected = [.. file.GetProperty("records").EnumerateArray()];
            Check.Equal($"{name}: number of records", expected.Length, records.Count);
            using var written = new MemoryStream();
            for (int i = 0; i < expected.Length; i++)
            {
                string what = $"{name}, record {i}";
                JsonElement content = expected[i].GetProperty("event");
                CompareFrame(what, expected[i], records[i]);
                JsonTree.Equal(what, content, Schema.Read("Event", records[i].Data.Span));
                byte[] ours = EventOf(content).ToBytes();
                JsonTree.Equal($"{what}, written by Graft", content, Schema.Read("Event", ours));
                written.Write(EventFraming.Frame(ours));
            }

            Check.Equal($"{name}: bytes written by Graft", bytes, written.ToArray());
        }
    }

    private static void CompareFrame(string what, JsonElement expected, EventRecord record)
    {
        Check.Equal($"{what}: offset", expected.GetProperty("offset").GetInt32(), record.Offset);
        Check.Equal($"{what}: length", expected.GetProperty("length").GetInt32(), record.Data.Length);
        Check.Equal($"{what}: length_crc", expected.GetProperty("length_crc").GetUInt32(), record.LengthCheck);
        Check.Equal($"{what}: data_crc", expected.GetProperty("data_crc").GetUInt32(), record.DataCheck);
    }

    private static TensorBoardEvent EventOf(JsonElement json) => new(json.Number("wall_time"))
    {
        Step = json.Integer("step"),
        FileVersion = json.Text("file_version"),
        Writer = json.Member("source_metadata")?.Text("writer"),
        StartsSession = json.Member("session_log")?.Text("status") == "START",
        Summary = [.. json.Member("summary")?.List("value").Select(ValueOf) ?? []],
    };

    private static SummaryValue ValueOf(JsonElement json)
    {
        if (json.Member("image") is not null || json.Member("audio") is not null)
        {
            throw new NotYetException("pictures and sounds in TensorBoard events");
        }

        return new SummaryValue(json.Text("tag") ?? string.Empty)
        {
            SimpleValue = json.Member("simple_value") is null ? null : (float)json.Number("simple_value"),
            Histogram = json.Member("histo") is { } histogram ? HistogramOf(histogram) : null,
            Tensor = json.Member("tensor") is { } tensor ? TensorOf(tensor) : null,
            Metadata = json.Member("metadata") is { } metadata ? MetadataOf(metadata) : null,
        };
    }

    private static SummaryHistogram HistogramOf(JsonElement json) => new(json.Numbers("bucket_limit"), json.Numbers("bucket"))
    {
        Min = json.Number("min"),
        Max = json.Number("max"),
        Num = json.Number("num"),
        Sum = json.Number("sum"),
        SumOfSquares = json.Number("sum_squares"),
    };

    private static SummaryTensor TensorOf(JsonElement json) => new(Array.IndexOf(DTypes, json.Text("dtype") ?? DTypes[0]))
    {
        Shape = json.Member("tensor_shape") is { } shape ? [.. shape.List("dim").Select(dimension => dimension.Integer("size"))] : null,
        Content = json.Bytes("tensor_content"),
        Singles = json.Numbers("float_val").Select(value => (float)value).ToArray(),
        Doubles = json.Numbers("double_val"),
        Integers = new[] { "int_val", "int64_val", "half_val" }.SelectMany(name => json.List(name)).Select(JsonTree.IntegerOf).Concat(json.List("bool_val").Select(value => value.GetBoolean() ? 1L : 0)).ToArray(),
        Texts = [.. json.List("string_val").Select(text => (ReadOnlyMemory<byte>)text.GetBytesFromBase64())],
    };

    private static SummaryMetadata MetadataOf(JsonElement json) => new(json.Member("plugin_data")?.Text("plugin_name") ?? string.Empty)
    {
        Content = json.Member("plugin_data")?.Bytes("content") ?? [],
        DisplayName = json.Text("display_name"),
        Description = json.Text("summary_description"),
        DataClass = Array.IndexOf(DataClasses, json.Text("data_class") ?? DataClasses[0]),
    };
}
