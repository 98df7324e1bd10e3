using System.Runtime.CompilerServices;

namespace Graft.Tensors;

/// <summary>Used nodes by type, so that a steady step makes no new ones.</summary>
internal sealed class NodePool
{
    private static int _typeCount;

    private readonly Dictionary<Type, Stack<Node>> _byType = [];
    private Stack<Node>?[] _stacks = new Stack<Node>?[32];

    public TNode Rent<TNode>()
        where TNode : Node, new()
    {
        int index = TypeIndex<TNode>.Value;
        if (index >= _stacks.Length)
        {
            Array.Resize(ref _stacks, index * 2);
        }

        Stack<Node>? stack = _stacks[index];
        if (stack is null)
        {
            _stacks[index] = stack = new Stack<Node>();
            _byType[typeof(TNode)] = stack;
        }

        return stack.TryPop(out Node? node) ? Unsafe.As<TNode>(node) : new TNode();
    }

    public void Return(Node node) => _byType[node.GetType()].Push(node);

    private static class TypeIndex<TNode>
    {
        public static readonly int Value = Interlocked.Increment(ref _typeCount) - 1;
    }
}
