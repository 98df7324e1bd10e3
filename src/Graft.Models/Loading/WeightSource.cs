using Graft.Tensors;

namespace Graft.Models;

/// <summary>Where a model under construction gets its weights from, by name.</summary>
public abstract class WeightSource
{
    /// <summary>The weight called <paramref name="name"/>.</summary>
    /// <param name="name">Full name, as Transformers saves it today.</param>
    /// <param name="role">What it is for.</param>
    /// <param name="shape">The dimensions that the configuration asks for.</param>
    /// <returns>The weight; when it is missing or has another shape, an empty stand-in, and <see cref="Finish"/> will fail.</returns>
    public abstract Parameter Take(string name, WeightRole role, int[] shape);

    /// <summary>How the matrix of a linear layer is stored.</summary>
    /// <param name="name">Its full name.</param>
    /// <param name="usual">How the family stores it in a Hugging Face folder.</param>
    public virtual LinearLayout LayoutOf(string name, LinearLayout usual) => usual;

    /// <summary>Whether there is a weight called <paramref name="name"/>.</summary>
    /// <param name="name">Full name.</param>
    public abstract bool Has(string name);

    /// <summary>Whether two weights have the same bytes.</summary>
    /// <param name="first">A full name.</param>
    /// <param name="second">Another.</param>
    public abstract bool AreEqual(string first, string second);

    /// <summary>Ends the construction.</summary>
    /// <exception cref="InvalidDataException">Weights were missing, misshapen, or left over: all are listed.</exception>
    public abstract void Finish();

    /// <summary>The weight of the head, following the rules for tied embeddings.</summary>
    /// <remarks>Tied, and no head of its own in the file, or an equal one: the embedding. Tied, but another head in the file: that head.</remarks>
    /// <param name="name">Name of the head's weight.</param>
    /// <param name="embedding">The embedding's slot.</param>
    /// <param name="embeddingName">The embedding's name.</param>
    /// <param name="tied">What config.json says.</param>
    public Parameter TakeHead(string name, WeightSlot embedding, string embeddingName, bool tied)
    {
        if (!tied)
        {
            return Take(name, WeightRole.Matrix, embedding.Original.Shape);
        }

        if (!Has(name))
        {
            return embedding.Original;
        }

        Parameter own = Take(name, WeightRole.Matrix, embedding.Original.Shape);
        return !Has(embeddingName) || AreEqual(name, embeddingName) ? embedding.Original : own;
    }
}
