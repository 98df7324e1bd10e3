using System.Reflection;
using System.Text;

namespace Graft.PublicApi.Api;

/// <summary>The public surface of an assembly as sorted text: every type that users see, with every member that they can call or override.</summary>
internal static class ApiText
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>The text; the same for the same surface, whatever the order in the source.</summary>
    public static string Of(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (Type type in assembly.GetTypes().Where(IsVisible).OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append($"{Kind(type)} {ApiNames.Of(type, withNamespace: true)}{Bases(type)}\n");
            foreach (string member in Members(type).Distinct().Order(StringComparer.Ordinal))
            {
                text.Append("    ").Append(member).Append('\n');
            }
        }

        return text.ToString();
    }

    private static bool IsVisible(Type type) => type.IsNested ? (type.IsNestedPublic || type.IsNestedFamily || type.IsNestedFamORAssem) && IsVisible(type.DeclaringType!) : type.IsPublic;

    private static bool IsVisible(MethodBase? method) => method is not null && (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly);

    private static bool IsRecord(Type type) => type.GetMethod("PrintMembers", BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly) is not null;

    private static string Kind(Type type)
    {
        string record = IsRecord(type) ? "record " : string.Empty;
        return typeof(Delegate).IsAssignableFrom(type) ? "delegate"
            : type.IsEnum ? "enum"
            : type.IsInterface ? "interface"
            : type.IsValueType ? $"{(type.IsDefined(typeof(System.Runtime.CompilerServices.IsReadOnlyAttribute)) ? "readonly " : string.Empty)}{(type.IsByRefLike ? "ref " : string.Empty)}{record}struct"
            : $"{(type is { IsAbstract: true, IsSealed: true } ? "static " : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : string.Empty)}{record}class";
    }

    private static string Bases(Type type)
    {
        if (type.IsEnum || typeof(Delegate).IsAssignableFrom(type))
        {
            return string.Empty;
        }

        var inherited = new HashSet<Type>((type.BaseType?.GetInterfaces() ?? []).Concat(type.GetInterfaces().SelectMany(one => one.GetInterfaces())));
        IEnumerable<string> names = type.GetInterfaces().Where(one => IsVisible(one) && !inherited.Contains(one)).Select(one => ApiNames.Of(one)).Order(StringComparer.Ordinal);
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType))
        {
            names = names.Prepend(ApiNames.Of(parent));
        }

        string joined = string.Join(", ", names);
        return joined.Length == 0 ? string.Empty : $" : {joined}";
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name))}");
        }

        if (typeof(Delegate).IsAssignableFrom(type))
        {
            return [Method(type.GetMethod("Invoke")!)];
        }

        IEnumerable<string> fields = type.GetFields(Declared).Where(field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly).Select(Field);
        IEnumerable<string> constructors = type.GetConstructors(Declared).Where(IsVisible).Select(constructor => $"{Access(constructor)}.ctor({ApiNames.Parameters(constructor)})");
        IEnumerable<string> properties = type.GetProperties(Declared).Where(property => IsVisible(property.GetMethod) || IsVisible(property.SetMethod)).Where(property => property.Name != "EqualityContract").Select(Property);
        IEnumerable<string> events = type.GetEvents(Declared).Where(item => IsVisible(item.AddMethod)).Select(item => $"event {ApiNames.Of(item.EventHandlerType!)} {item.Name}");
        IEnumerable<string> methods = type.GetMethods(Declared).Where(method => IsVisible(method) && !IsMadeByCompiler(type, method)).Select(Method);
        return fields.Concat(constructors).Concat(properties).Concat(events).Concat(methods);
    }

    /// <summary>Accessors, and what every record has.</summary>
    private static bool IsMadeByCompiler(Type type, MethodInfo method)
        => (method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal))
            || (IsRecord(type) && (method.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute)) || method.Name is "PrintMembers" or "<Clone>$"));

    private static string Field(FieldInfo field)
        => $"{(field.IsPublic ? string.Empty : "protected ")}{(field.IsLiteral ? "const " : field.IsStatic ? "static " : string.Empty)}{(field is { IsInitOnly: true, IsLiteral: false } ? "readonly " : string.Empty)}"
            + $"{ApiNames.Of(field.FieldType)} {field.Name}{(field.IsLiteral ? $" = {ApiNames.Literal(field.GetRawConstantValue())}" : string.Empty)}";

    private static string Property(PropertyInfo property)
    {
        MethodInfo accessor = IsVisible(property.GetMethod) ? property.GetMethod! : property.SetMethod!;
        bool isInit = property.SetMethod?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(System.Runtime.CompilerServices.IsExternalInit)) == true;
        string required = property.IsDefined(typeof(System.Runtime.CompilerServices.RequiredMemberAttribute)) ? "required " : string.Empty;
        string setter = IsVisible(property.SetMethod) ? isInit ? " init;" : " set;" : string.Empty;
        string index = property.GetIndexParameters().Length == 0 ? string.Empty : $"[{string.Join(", ", property.GetIndexParameters().Select(ApiNames.Parameter))}]";
        return $"{Access(accessor)}{required}{ApiNames.Of(property)} {property.Name}{index} {{{(IsVisible(property.GetMethod) ? " get;" : string.Empty)}{setter} }}";
    }

    private static string Method(MethodInfo method)
    {
        string generics = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(argument => argument.Name))}>" : string.Empty;
        return $"{Access(method)}{ApiNames.Of(method.ReturnParameter)} {method.Name}{generics}({ApiNames.Parameters(method)})";
    }

    private static string Access(MethodBase method)
    {
        string access = method.IsPublic ? string.Empty : "protected ";
        bool isInterface = method.DeclaringType!.IsInterface;
        return $"{access}{(method.IsStatic ? "static " : string.Empty)}{(method.IsAbstract ? isInterface && !method.IsStatic ? string.Empty : "abstract " : IsOverride(method) ? "override " : method is { IsVirtual: true, IsFinal: false } ? "virtual " : string.Empty)}";
    }

    private static bool IsOverride(MethodBase method) => method is MethodInfo { IsVirtual: true } info && info.GetBaseDefinition().DeclaringType != info.DeclaringType;
}
