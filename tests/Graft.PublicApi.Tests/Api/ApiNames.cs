using System.Globalization;
using System.Reflection;

namespace Graft.PublicApi.Api;

/// <summary>Types and parameters as C# writes them.</summary>
internal static class ApiNames
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(nint)] = "nint",
        [typeof(nuint)] = "nuint",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(char)] = "char",
        [typeof(string)] = "string",
        [typeof(object)] = "object",
    };

    /// <summary>A type.</summary>
    public static string Of(Type type, bool withNamespace = false)
    {
        if (Keywords.TryGetValue(type, out string? keyword))
        {
            return keyword;
        }

        if (type.IsByRef || type.IsPointer)
        {
            return type.IsPointer ? $"{Of(type.GetElementType()!)}*" : $"ref {Of(type.GetElementType()!)}";
        }

        if (type.IsArray)
        {
            return $"{Of(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return $"{Of(underlying)}?";
        }

        if (type.IsGenericParameter)
        {
            return type.Name;
        }

        string prefix = type.IsNested ? $"{Of(type.DeclaringType!, withNamespace)}." : withNamespace ? $"{type.Namespace}." : string.Empty;
        int tick = type.Name.IndexOf('`', StringComparison.Ordinal);
        return tick < 0 ? prefix + type.Name : $"{prefix}{type.Name[..tick]}<{string.Join(", ", type.GetGenericArguments().Select(argument => Of(argument)))}>";
    }

    /// <summary>A property's type, with a question mark where it may be null.</summary>
    public static string Of(PropertyInfo property) => Annotated(property.PropertyType, new NullabilityInfoContext().Create(property));

    /// <summary>A parameter's or result's type, with a question mark where it may be null.</summary>
    public static string Of(ParameterInfo parameter) => Annotated(parameter.ParameterType, new NullabilityInfoContext().Create(parameter));

    /// <summary>A parameter: how it is passed, its type, its name, its default.</summary>
    public static string Parameter(ParameterInfo parameter)
    {
        string mode = parameter.ParameterType.IsByRef ? parameter.IsOut ? "out " : parameter.IsIn ? "in " : "ref " : parameter.IsDefined(typeof(ParamArrayAttribute)) || parameter.IsDefined(typeof(System.Runtime.CompilerServices.ParamCollectionAttribute)) ? "params " : string.Empty;
        string type = Of(parameter);
        return $"{mode}{(type.StartsWith("ref ", StringComparison.Ordinal) ? type[4..] : type)} {parameter.Name}{(parameter.HasDefaultValue ? $" = {Literal(parameter.RawDefaultValue)}" : string.Empty)}";
    }

    /// <summary>All parameters of a method.</summary>
    public static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    /// <summary>A constant.</summary>
    public static string Literal(object? value) => value switch
    {
        null => "default",
        string text => $"\"{text.Replace("\n", "\\n", StringComparison.Ordinal)}\"",
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => $"{value}",
    };

    private static string Annotated(Type type, NullabilityInfo nullability)
        => Of(type) + (!type.IsValueType && (nullability.ReadState == NullabilityState.Nullable || nullability.WriteState == NullabilityState.Nullable) ? "?" : string.Empty);
}
